import type { EndpointState } from '../status/status-source.ts';

const LOOK_MS = 2000;

/**
 * Says when an endpoint stops answering, with the reason, and when it answers again: until then requests wait, and a
 * log that is silent about it looks like one of a service that delivers.
 * @returns ends the watch
 */
export function watchEndpoints(
  endpoints: () => readonly EndpointState[], deadlineMs: number, say: (sentence: string) => void,
): () => void {
  const failing = new Set<string>();
  const timer = setInterval(() => {
    for (const { key, url, condition, detail } of endpoints()) {
      if (condition === 'failing' && !failing.has(key)) {
        failing.add(key);
        say(`${url}: ${detail}; tried again for up to ${deadlineMs / 1000} s a request`);
      } else if (condition !== 'failing' && failing.delete(key)) {
        say(condition === 'answering' ? `${url} answers again` : `${url} ${detail}`);
      }
    }
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
