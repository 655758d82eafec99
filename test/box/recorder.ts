// A program of the box: stands in front of the detection node's nginx and writes down every byte it is sent, before nginx sees it.
// Arguments: listen port, nginx port, folder. One file a connection: client bytes as they came (.raw), and when (.times: offset, ms).
import { appendFileSync, createWriteStream, type WriteStream } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const [listenPort, nginxPort, folder] = process.argv.slice(2);

let number = 0;
const server = createServer((client) => {
  const name = join(folder!, `${process.pid}-${++number}`);
  const raw: WriteStream = createWriteStream(`${name}.raw`);
  let offset = 0;
  let times = '';
  const node = connect({ host: '127.0.0.1', port: Number(nginxPort), noDelay: true });
  client.setNoDelay(true);
  client.on('data', (data: Buffer) => {
    offset += data.length;
    times += `${offset} ${Date.now()}\n`;
    raw.write(data);
    if (!node.write(data)) client.pause();
  });
  node.on('drain', () => client.resume());
  node.pipe(client);
  client.on('end', () => node.end());
  client.on('error', () => node.destroy());
  node.on('error', () => client.destroy());
  const flush = (): void => {
    if (times !== '') appendFileSync(`${name}.times`, times);
    times = '';
  };
  const timer = setInterval(flush, 200);
  client.on('close', () => {
    clearInterval(timer);
    flush();
    node.destroy();
    raw.end();
  });
});
server.listen(Number(listenPort), '0.0.0.0', () => process.stdout.write('ready\n'));
