#!/usr/bin/env node
// The executable of a checkout.
import { checkoutProgram } from '../package/checkout-program.js';

const { main } = await checkoutProgram('fleet');
await main(process.argv);
