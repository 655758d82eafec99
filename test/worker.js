// What rebuilder/rebuilder.js does for the service: lets a worker thread run TypeScript, which --import tsx does for
// the main thread only.
import { register } from 'tsx/esm/api';

register();
await import('./worker-part.ts');
