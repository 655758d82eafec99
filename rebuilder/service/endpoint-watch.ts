import type { EndpointState } from '../status/status-source.ts';

const LOOK_MS = 2000;

/**
 * Says when an endpoint stops to answer, with the reason, and when it answers again: until then requests wait, and a log that is silent
 * about it looks like one of a service that delivers.
 * @returns ends it
 */
export function watchEndpoints(endpoints: () => readonly EndpointState[], deadlineMs: number, say: (sentence: string) => void): () => void {
  const silent = new Set<string | null>();
  const timer = setInterval(() => {
    for (const { url, answering, detail } of endpoints()) {
      if (answering !== silent.has(url)) continue;
      if (answering) silent.delete(url);
      else silent.add(url);
      say(answering ? `${url} answers again` : `${url}: ${detail}; tried again for up to ${deadlineMs / 1000} s a request (forward.deadline)`);
    }
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
