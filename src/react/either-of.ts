/** A signal that is aborted when one of both is. (`AbortSignal.any` is not there in older browsers.) */
export function eitherOf(own: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given === undefined ? own : AbortSignal.any([own, given]);
}
