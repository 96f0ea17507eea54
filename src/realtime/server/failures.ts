/**
 * Errors on their way to a client.
 */
import { EngineError, ValueError } from "../engines/index.js";
import { type ErrorBody, RealtimeError } from "../wire/index.js";

/**
 * What a client is told of an error. Of one that was not made to be told it learns nothing, and `report` gets it.
 */
export function bodyOf(error: unknown, report: (error: unknown) => void): ErrorBody {
  if (error instanceof RealtimeError) return error.toBody();
  if (error instanceof ValueError) return new RealtimeError("invalid-value", error.message).toBody();
  if (error instanceof EngineError) {
    switch (error.code) {
      case "conflict":
        return new RealtimeError("conflict", error.message, { data: error.current }).toBody();
      case "no-key-frame":
        return new RealtimeError("conflict", error.message).toBody();
      case "too-large":
        return new RealtimeError("too-large", error.message).toBody();
      case "unavailable":
      case "full":
      case "not-guaranteed":
      case "closed":
        report(error);
        return new RealtimeError("unavailable", "not available at the moment", { retryable: true }).toBody();
    }
  }
  report(error);
  return new RealtimeError("internal", "an error inside the server").toBody();
}
