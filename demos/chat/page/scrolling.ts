// Where the log is scrolled to: at its end while one reads there, and at what one looks at while older messages come in
// above it.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { RoomView } from "./client.js";

const AT_END_WITHIN_PX = 48;
/** Older messages are asked for before one has come to the top. */
const LOAD_WITHIN_PX = 240;

/** See the head of this file. */
export interface Scrolling {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  readonly toEnd: () => void;
}

export function useScroll({
  messages,
  pending,
  hasOlder,
  isLoadingOlder,
  olderError,
  loadOlder,
  forgetOlder,
  status,
}: RoomView): Scrolling {
  const scroller = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  // What the layout effect has to know is not what was rendered, but where the reader is.
  const place = useRef({ isAtEnd: true, first: undefined as string | undefined, height: 0 });

  const toEnd = useCallback(() => {
    const { current } = scroller;
    if (current === null) return;
    place.current.isAtEnd = true;
    setAtEnd(true);
    current.scrollTop = current.scrollHeight;
  }, []);

  const first = messages[0]?.position;
  useLayoutEffect(() => {
    const { current } = scroller;
    if (current === null) return;
    const before = place.current;
    if (before.isAtEnd) current.scrollTop = current.scrollHeight;
    // Something has come, or gone, above what one looks at.
    else if (before.first !== first) current.scrollTop += current.scrollHeight - before.height;
    place.current = { ...before, first, height: current.scrollHeight };
  }, [first, messages, pending]);

  const isDue = status === "live" && hasOlder && !isLoadingOlder && olderError === undefined;
  const look = useCallback(() => {
    const { current } = scroller;
    if (current === null) return;
    const { scrollHeight, scrollTop, clientHeight } = current;
    const isNowAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_WITHIN_PX;
    if (isNowAtEnd && !place.current.isAtEnd) forgetOlder();
    place.current.isAtEnd = isNowAtEnd;
    place.current.height = scrollHeight;
    setAtEnd(isNowAtEnd);
    if (isDue && scrollTop < LOAD_WITHIN_PX) loadOlder();
  }, [isDue, loadOlder, forgetOlder]);

  useEffect(() => {
    const { current } = scroller;
    if (current === null) return undefined;
    current.addEventListener("scroll", look, { passive: true });
    // The room for the log changes with the window and the phone's keyboard; whoever read the end goes on reading it.
    const observer = new ResizeObserver(() => {
      if (place.current.isAtEnd) current.scrollTop = current.scrollHeight;
    });
    observer.observe(current);
    return () => {
      current.removeEventListener("scroll", look);
      observer.disconnect();
    };
  }, [look]);

  // Where a screen is not full, nobody can scroll for more.
  useEffect(() => {
    const { current } = scroller;
    if (isDue && current !== null && current.scrollHeight <= current.clientHeight + LOAD_WITHIN_PX) loadOlder();
  }, [isDue, loadOlder, messages]);

  return { scroller, isAtEnd, toEnd };
}
