import { main } from '../rebuilder/main.ts';

await main(process.argv);
