import { Field, LINE_STRIDE, type Request } from '../http/message.ts';
import { HeaderName, valueText } from './header-name.ts';

/** Knows the marker this deployment gives an id (forward/loop-marker.ts): a client can write the header, but no value that fits. */
export interface LoopJudge {
  isOwn(marker: string, id: string): boolean;
}

const MARKER = new HeaderName('X-Mirror-Loop');
const ID = new HeaderName('X-Mirror-Id');

/** Is this one of the requests we delivered, mirrored on its way to the node? */
export function isLoop(request: Request, judge: LoopJudge): boolean {
  const { lines, lineCount } = request;
  let reserved = false;
  for (let i = 0; i < lineCount && !reserved; i++) reserved = lines[i * LINE_STRIDE] === Field.reserved;
  if (!reserved) return false;
  const marker = MARKER.lastLine(request, lineCount);
  const id = marker < 0 ? -1 : ID.lastLine(request, lineCount);
  return id >= 0 && judge.isOwn(valueText(request, marker), valueText(request, id));
}
