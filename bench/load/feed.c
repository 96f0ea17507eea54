#include "feed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "fail.h"
#include "settings.h"

static int feed_fds[max_ports];

void feed_open(size_t node, uint16_t port) {
  int feed_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in server = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (feed_fd < 0 || connect(feed_fd, (struct sockaddr *)&server, sizeof server) != 0) fail_errno("no feed");
  int on = 1;
  if (setsockopt(feed_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail_errno("TCP_NODELAY");
  feed_fds[node] = feed_fd;
}

void feed_publish(size_t node, uint8_t room, uint64_t count) {
  uint8_t octets[256];
  memset(octets, room, sizeof octets);
  while (count > 0) {
    size_t piece = count < sizeof octets ? (size_t)count : sizeof octets;
    /* Not waited for: a server that does not read its feed has stopped. */
    ssize_t taken = send(feed_fds[node], octets, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken <= 0) fail_errno("the server does not read its feed");
    count -= (uint64_t)taken;
  }
}
