// A program of the box: stands in front of the detection node's nginx and writes down every byte it is sent, before
// nginx sees it. Arguments: listen port, nginx port, folder. One file a connection: client bytes as they came (.raw),
// and when (.times: offset, ms).
import { closeSync, openSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const [listenPort, nginxPort, folder] = process.argv.slice(2);

let number = 0;
const server = createServer((client) => {
  const name = join(folder!, `${process.pid}-${++number}`);
  const raw = openSync(`${name}.raw`, 'w');
  const times = openSync(`${name}.times`, 'w');
  let offset = 0;
  const node = connect({ host: '127.0.0.1', port: Number(nginxPort), noDelay: true });
  client.setNoDelay(true);
  client.on('data', (data: Buffer) => {
    offset += data.length;
    // Before nginx sees them: what was answered is written down, even when this process is killed the next moment.
    for (let at = 0; at < data.length;) at += writeSync(raw, data, at);
    writeSync(times, `${offset} ${Date.now()}\n`);
    if (!node.write(data)) client.pause();
  });
  node.on('drain', () => client.resume());
  node.pipe(client);
  client.on('end', () => node.end());
  client.on('error', () => node.destroy());
  node.on('error', () => client.destroy());
  client.on('close', () => {
    node.destroy();
    closeSync(raw);
    closeSync(times);
  });
});

server.listen(Number(listenPort), '0.0.0.0', () => process.stdout.write('ready\n'));
