// httpload: a single-threaded epoll load generator for HTTP/1.1 with kept connections. Linux, no dependencies.
// Part of Sluice's benchmark: compiled with `cc -O2 httpload.c`, it prints one line.
//
// Each of N connections has one request under way at a time. `%d` in the path is the number of the connection, `%lu` in the
// body the number of the request on it. Answers have to carry Content-Length.
// Exit status: 0 every answer came and was 200 or 202, 1 some were others, 2 system error, 3 a connection ended or fell silent.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024, REQUEST_MAX = 1024 * 1024, SILENCE_MS = 10000 };

typedef struct {
  int fd, number;
  char path[512];
  uint64_t sent, sent_at;
  size_t in_length;
  char in[ANSWER_MAX];
} Connection;

static const char *host = "127.0.0.1", *method = "POST", *path = "/v1/devices/meter-%d/telemetry", *body = "{\"a\":%lu}";
static char headers[8192];
static int port = 8080, connections = 32, epoll;
static uint64_t count = 1000, answered, by_status[600], *latencies;
static char *request;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void die(int status, const char *what) {
  fprintf(stderr, "httpload: %s: %s\n", what, errno ? strerror(errno) : "");
  exit(status);
}

static void open_connection(Connection *c, int number) {
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  c->number = number;
  snprintf(c->path, sizeof c->path, path, number);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0 || connect(c->fd, (void *)&address, sizeof address)) die(2, "Cannot connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

// The socket blocks: a server that does not read is what is measured then.
static void send_request(Connection *c) {
  static char payload[REQUEST_MAX / 2];
  int payload_length = snprintf(payload, sizeof payload, body, c->sent);
  int length = snprintf(request, REQUEST_MAX, "%s %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: %d\r\n%s\r\n%s", method,
                        c->path, host, port, payload_length, headers, payload);
  if (payload_length >= (int)sizeof payload || length >= REQUEST_MAX) die(2, "The request is too long");
  c->sent++;
  c->sent_at = now_ns();
  for (int at = 0; at < length;) {
    ssize_t written = send(c->fd, request + at, length - at, MSG_NOSIGNAL);
    if (written <= 0) die(3, "A connection ended while a request was sent");
    at += written;
  }
}

// Length of the answer that the buffer begins with, or 0 while it is not complete.
static size_t answer_length(Connection *c) {
  char *end = memmem(c->in, c->in_length, "\r\n\r\n", 4);
  if (!end) return 0;
  *end = 0;
  char *length = strcasestr(c->in, "\r\nContent-Length:");
  *end = '\r';
  size_t total = end + 4 - c->in + (length ? strtoul(length + 17, NULL, 10) : 0);
  return total <= c->in_length ? total : 0;
}

static void take_answer(Connection *c) {
  ssize_t read = recv(c->fd, c->in + c->in_length, ANSWER_MAX - c->in_length, 0);
  if (read <= 0) die(3, "A connection ended before its answer");
  c->in_length += read;
  size_t length = answer_length(c);
  if (!length) {
    if (c->in_length == ANSWER_MAX) die(2, "An answer is too long");
    return;
  }
  int status = atoi(c->in + 9);
  by_status[status > 0 && status < 600 ? status : 0]++;
  latencies[answered++] = now_ns() - c->sent_at;
  memmove(c->in, c->in + length, c->in_length - length);
  c->in_length -= length;
  if (c->sent < count) send_request(c);
}

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static double percentile_ms(double share) { return latencies[(uint64_t)((answered - 1) * share)] / 1e6; }

static int report(double seconds) {
  uint64_t good = by_status[200] + by_status[202];
  qsort(latencies, answered, sizeof *latencies, by_size);
  printf("connections=%d answered=%lu ok=%lu rate=%.0f/s | lat_ms p50=%.2f p95=%.2f p99=%.2f max=%.2f |", connections,
         answered, good, answered / seconds, percentile_ms(.5), percentile_ms(.95), percentile_ms(.99), percentile_ms(1));
  for (int status = 0; status < 600; status++)
    if (by_status[status]) printf(" status_%d=%lu", status, by_status[status]);
  printf("\n");
  return good == answered ? 0 : 1;
}

static void usage(void) {
  puts("httpload --host H --port N --connections N --count N (of each) --method M --path FORMAT(%d) --body FORMAT(%lu) "
       "--header 'Name: value' (repeatable)");
  exit(0);
}

static void read_arguments(int argc, char **argv) {
  struct option options[] = {{"host", 1, 0, 'h'},   {"port", 1, 0, 'p'}, {"connections", 1, 0, 'c'},
                             {"count", 1, 0, 'n'},  {"path", 1, 0, 'P'}, {"method", 1, 0, 'm'},
                             {"header", 1, 0, 'H'}, {"body", 1, 0, 'b'}, {"help", 0, 0, '?'},
                             {0}};
  for (int option; (option = getopt_long(argc, argv, "", options, 0)) != -1;) switch (option) {
      case 'h': host = optarg; break;
      case 'p': port = atoi(optarg); break;
      case 'c': connections = atoi(optarg); break;
      case 'n': count = strtoull(optarg, NULL, 10); break;
      case 'P': path = optarg; break;
      case 'm': method = optarg; break;
      case 'b': body = optarg; break;
      case 'H':
        if (strlen(headers) + strlen(optarg) + 3 > sizeof headers) die(2, "The headers are too long");
        strcat(strcat(headers, optarg), "\r\n");
        break;
      default: usage();
    }
}

int main(int argc, char **argv) {
  read_arguments(argc, argv);
  uint64_t total = count * connections;
  request = malloc(REQUEST_MAX);
  latencies = malloc((total + 1) * sizeof *latencies);
  Connection *all = calloc(connections, sizeof *all);
  epoll = epoll_create1(0);
  for (int i = 0; i < connections; i++) open_connection(&all[i], i);
  uint64_t began = now_ns();
  for (int i = 0; i < connections; i++) send_request(&all[i]);
  while (answered < total) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, SILENCE_MS);
    if (ready == 0) die(3, "No answer came for 10 seconds");
    for (int i = 0; i < ready; i++) take_answer(events[i].data.ptr);
  }
  return report((now_ns() - began) / 1e9);
}
