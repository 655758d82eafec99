/*
 * What the kernel and the memory allow: floor UDP_PORT TCP_PORT
 * Receives VXLAN datagrams with recvmmsg, reads every byte once, and writes the TCP payloads sent to port 8080 to one TCP connection,
 * a batch at a time. Nothing is checked, ordered or framed: the least any rebuilder must do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SLOTS = 256, SLOT_BYTES = 65536 + 192 };

static unsigned char slots[SLOTS][SLOT_BYTES];
static struct mmsghdr messages[SLOTS];
static struct iovec in[SLOTS], out[SLOTS];
static volatile uint64_t touched;

static void write_all(int fd, struct iovec *v, int n) {
  while (n > 0) {
    ssize_t written = writev(fd, v, n);
    if (written < 0) exit(1);
    while (n > 0 && (size_t)written >= v->iov_len) {
      written -= v->iov_len;
      v++;
      n--;
    }
    if (n > 0) {
      v->iov_base = (char *)v->iov_base + written;
      v->iov_len -= written;
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0), bytes = 32 << 20;
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0) setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  address.sin_port = htons(atoi(argv[2]));
  if (connect(tcp, (struct sockaddr *)&address, sizeof address) < 0) return perror("connect"), 1;
  address.sin_port = htons(atoi(argv[1]));
  if (bind(udp, (struct sockaddr *)&address, sizeof address) < 0) return perror("bind"), 1;
  for (int i = 0; i < SLOTS; i++) {
    in[i] = (struct iovec){ slots[i], SLOT_BYTES };
    messages[i].msg_hdr.msg_iov = &in[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    int count = recvmmsg(udp, messages, SLOTS, MSG_WAITFORONE, NULL), n = 0;
    if (count < 0) return perror("recvmmsg"), 1;
    for (int i = 0; i < count; i++) {
      unsigned char *p = slots[i];
      size_t length = messages[i].msg_len, at = 8 + 14;
      if (length < at + 40) continue;
      uint64_t sum = 0, word;
      for (size_t k = 0; k + 8 <= length; k += 8) {
        memcpy(&word, p + k, 8);
        sum += word;
      }
      touched += sum;
      at += (p[at] & 15) * 4;
      if ((p[at + 2] << 8 | p[at + 3]) != 8080) continue;
      at += (p[at + 12] >> 4) * 4;
      if (at < length) out[n++] = (struct iovec){ p + at, length - at };
    }
    write_all(tcp, out, n);
  }
}
