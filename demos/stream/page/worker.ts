// A clock that goes on while the page is hidden: browsers slow down a hidden page's own timers to one tick a second, and
// who shares a screen looks at something else. It is told an interval in milliseconds.
let timer: ReturnType<typeof setInterval> | undefined;

self.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  clearInterval(timer);
  if (typeof data === "number") timer = setInterval(() => self.postMessage(0), data);
});
