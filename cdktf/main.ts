// The app of `cdktf deploy` (cdktf.json): synthesises the stack of settings.ts into cdktf.out.
import { App } from 'cdktn';
import { settings } from './settings.ts';
import { VpcMirrorStack } from './vpc-mirror-stack.ts';

const app = new App();
new VpcMirrorStack(app, 'vpc-mirror', settings);
app.synth();
