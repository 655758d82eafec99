// node --import ./run-on-cdktf.mjs: `cdktn` is the archived `cdktf`, as with the npm alias "cdktn": "npm:cdktf@…".
import { register } from 'node:module';

register(`data:text/javascript,${encodeURIComponent(`
  export const resolve = (specifier, context, next) => next(specifier.replace(/^cdktn(?=$|\\/)/, 'cdktf'), context);
`)}`);
