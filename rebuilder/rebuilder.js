#!/usr/bin/env node
// The executable of a checkout. The packaged service is started by package/files/bin/rebuilder instead.
import { checkoutProgram } from '../package/checkout-program.js';

const { main } = await checkoutProgram('rebuilder');
await main(process.argv);
