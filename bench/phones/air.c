/* air.c -- a network of slow links between network namespaces, packet by packet, for kernels that cannot delay packets.
 *
 *     air [-m MBIT] [-q MS] NAMESPACE:ADDRESS:MBIT:MS ...
 *
 * Each namespace gets a TUN device wl0 with the address (IPv4, /24). A packet takes its turn on the sender's link, then on
 * the medium that all share where -m gives its rate, then on the receiver's link, each in both directions at MBIT, and
 * arrives after the two links' delays of MS milliseconds. Packets that would wait longer than -q milliseconds (100) for a
 * link are dropped, as access points do. "ready" is printed when all devices are up; ends when it is killed. Needs root. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { STATIONS = 64, QUEUE = 16384, LARGEST_PACKET = 1500, HEADER_BITS = 14 * 8, BURST = 64 };

struct packet {
    double arrival;
    int bytes;
    unsigned char data[LARGEST_PACKET];
};

/* Packets on their way to a station, in a ring: they never overtake each other. */
struct station {
    int fd;
    uint32_t address;
    double bits_per_second, delay;
    double sends_until, receives_until; /* its link is taken that long */
    struct packet *queue;
    unsigned head, tail;
};

static struct station station[STATIONS];
static int stations;
static double medium_bits_per_second, medium_until, longest_wait = 0.1;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    fprintf(stderr, "air: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- devices ---- */

static void set_address(struct ifreq *request, const char *text, int fd, unsigned long which)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1) {
        errno = EINVAL;
        die(text);
    }
    memcpy(&request->ifr_addr, &address, sizeof address);
    if (ioctl(fd, which, request))
        die("address");
}

static void open_device(struct station *s, const char *namespace, const char *address)
{
    char path[300];
    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET))
        die(path);
    close(fd);
    s->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "wl0");
    if (s->fd < 0 || ioctl(s->fd, TUNSETIFF, &request))
        die("/dev/net/tun");
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    set_address(&request, address, fd, SIOCSIFADDR);
    set_address(&request, "255.255.255.0", fd, SIOCSIFNETMASK);
    if (ioctl(fd, SIOCGIFFLAGS, &request))
        die("flags");
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    if (ioctl(fd, SIOCSIFFLAGS, &request))
        die("up");
    close(fd);
    struct in_addr number;
    inet_pton(AF_INET, address, &number);
    s->address = number.s_addr;
    s->queue = calloc(QUEUE, sizeof *s->queue);
    if (!s->queue)
        die("memory");
}

/* ---- packets ---- */

static struct station *find_station(const unsigned char *packet, int bytes)
{
    uint32_t to;
    if (bytes < 20 || packet[0] >> 4 != 4)
        return NULL;
    memcpy(&to, packet + 16, sizeof to);
    for (int i = 0; i < stations; i++)
        if (station[i].address == to)
            return &station[i];
    return NULL;
}

static double later(double a, double b)
{
    return a > b ? a : b;
}

/* When a packet arrives, the time on each link taken; negative when it is dropped. A link of rate 0 takes no time. */
static double travel(struct station *from, struct station *to, double time, int bytes)
{
    const double bits = 8.0 * bytes + HEADER_BITS;
    const double begin = later(time, from->sends_until);
    double sent = begin + (from->bits_per_second > 0 ? bits / from->bits_per_second : 0);
    if (begin - time > longest_wait)
        return -1;
    if (medium_bits_per_second > 0) {
        const double turn = later(begin, medium_until);
        if (turn - time > longest_wait)
            return -1;
        medium_until = turn + bits / medium_bits_per_second;
        sent = later(sent, medium_until);
    }
    const double turn = later(sent, to->receives_until);
    if (turn - sent > longest_wait)
        return -1;
    from->sends_until = sent;
    to->receives_until = turn + (to->bits_per_second > 0 ? bits / to->bits_per_second : 0);
    return to->receives_until + from->delay + to->delay;
}

static void take_packets(struct station *from)
{
    for (int i = 0; i < BURST; i++) {
        unsigned char data[LARGEST_PACKET];
        const ssize_t bytes = read(from->fd, data, sizeof data);
        if (bytes <= 0)
            return;
        struct station *to = find_station(data, (int)bytes);
        if (!to || to->tail - to->head == QUEUE)
            continue;
        const double arrival = travel(from, to, now(), (int)bytes);
        if (arrival < 0)
            continue;
        struct packet *packet = &to->queue[to->tail++ % QUEUE];
        packet->arrival = arrival;
        packet->bytes = (int)bytes;
        memcpy(packet->data, data, (size_t)bytes);
    }
}

/* Hand over what has arrived; returns when the next packet does, 0 for none. */
static double deliver(void)
{
    double next = 0;
    for (int i = 0; i < stations; i++) {
        struct station *s = &station[i];
        while (s->head != s->tail && s->queue[s->head % QUEUE].arrival <= now() + 20e-6) {
            const struct packet *packet = &s->queue[s->head++ % QUEUE];
            (void)!write(s->fd, packet->data, (size_t)packet->bytes);
        }
        if (s->head != s->tail && (next == 0 || s->queue[s->head % QUEUE].arrival < next))
            next = s->queue[s->head % QUEUE].arrival;
    }
    return next;
}

int main(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "m:q:")) != -1;) {
        if (option == 'm')
            medium_bits_per_second = atof(optarg) * 1e6;
        else if (option == 'q')
            longest_wait = atof(optarg) * 1e-3;
        else
            return 2;
    }
    struct pollfd wait[STATIONS];
    for (int i = optind; i < argc && stations < STATIONS; i++) {
        struct station *s = &station[stations];
        char namespace[64], address[32];
        double mbit, milliseconds;
        if (sscanf(argv[i], "%63[^:]:%31[^:]:%lf:%lf", namespace, address, &mbit, &milliseconds) != 4) {
            fprintf(stderr, "air: '%s' is not NAMESPACE:ADDRESS:MBIT:MS\n", argv[i]);
            return 2;
        }
        s->bits_per_second = mbit * 1e6;
        s->delay = milliseconds * 1e-3;
        open_device(s, namespace, address);
        wait[stations++] = (struct pollfd){.fd = s->fd, .events = POLLIN};
    }
    prctl(PR_SET_TIMERSLACK, 1);
    puts("ready");
    fflush(stdout);
    for (;;) {
        const double next = deliver(), left = later(next - now(), 0);
        const struct timespec time = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        if (ppoll(wait, (nfds_t)stations, next > 0 ? &time : NULL, NULL) <= 0)
            continue;
        for (int i = 0; i < stations; i++)
            if (wait[i].revents & POLLIN)
                take_packets(&station[i]);
    }
}
