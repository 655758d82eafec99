// node --import ./run-on-cdktn.mjs: `cdktf` is the maintained fork `cdktn`, as with the npm alias "cdktf": "npm:cdktn@…".
import { register } from 'node:module';

register(`data:text/javascript,${encodeURIComponent(`
  export const resolve = (specifier, context, next) => next(specifier.replace(/^cdktf(?=$|\\/)/, 'cdktn'), context);
`)}`);
