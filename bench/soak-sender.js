// Lets a worker thread run TypeScript.
import { register } from 'tsx/esm/api';

register();
await import('./soak-sender.ts');
