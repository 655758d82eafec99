import type { EndpointState } from '../status/status-source.ts';

const LOOK_MS = 2000;

/**
 * Says when the endpoint stops to answer, with the reason, and when it answers again: until then requests wait, and a log that is silent
 * about it looks like one of a service that delivers.
 * @returns ends it
 */
export function watchEndpoint(endpoint: () => EndpointState, deadlineMs: number, say: (sentence: string) => void): () => void {
  let wasAnswering = true;
  const timer = setInterval(() => {
    const { url, answering, detail } = endpoint();
    if (answering === wasAnswering) return;
    wasAnswering = answering;
    say(answering ? `${url} answers again` : `${url}: ${detail}; tried again for up to ${deadlineMs / 1000} s a request (forward.deadline)`);
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
