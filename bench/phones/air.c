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

struct station;

struct packet {
    double begin, end; /* of its turn on the sender's link; then `end` is when it arrives */
    struct station *from, *to;
    int bytes;
    unsigned char data[LARGEST_PACKET];
};

/* In a ring: packets never overtake each other. */
struct queue {
    struct packet *packet;
    unsigned head, tail;
};

struct station {
    int fd;
    uint32_t address;
    double bits_per_second, delay;
    double sends_until, receives_until; /* its link is taken that long */
    struct queue leaving, coming;       /* on its link, then on their way to it */
};

static struct station station[STATIONS];
static int stations;
static double medium_bits_per_second, medium_until, longest_wait = 0.1;
static const double SOON = 20e-6;

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
    s->leaving.packet = calloc(QUEUE, sizeof *s->leaving.packet);
    s->coming.packet = calloc(QUEUE, sizeof *s->coming.packet);
    if (!s->leaving.packet || !s->coming.packet)
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

static struct packet *first_of(const struct queue *queue)
{
    return queue->head == queue->tail ? NULL : &queue->packet[queue->head % QUEUE];
}

/* The place behind the last one; NULL where it is full. */
static struct packet *place_in(struct queue *queue)
{
    return queue->tail - queue->head == QUEUE ? NULL : &queue->packet[queue->tail++ % QUEUE];
}

/* A link of rate 0 takes no time. */
static double seconds_on(double bits_per_second, const struct packet *packet)
{
    return bits_per_second > 0 ? (8.0 * packet->bytes + HEADER_BITS) / bits_per_second : 0;
}

/* Packets take their turns on the station's link. */
static void take_packets(struct station *from)
{
    for (int i = 0; i < BURST; i++) {
        unsigned char data[LARGEST_PACKET];
        const ssize_t bytes = read(from->fd, data, sizeof data);
        if (bytes <= 0)
            return;
        struct station *to = find_station(data, (int)bytes);
        const double time = now(), begin = later(time, from->sends_until);
        struct packet *packet = to && begin - time <= longest_wait ? place_in(&from->leaving) : NULL;
        if (!packet)
            continue;
        packet->bytes = (int)bytes;
        packet->from = from;
        packet->to = to;
        packet->begin = begin;
        packet->end = from->sends_until = begin + seconds_on(from->bits_per_second, packet);
        memcpy(packet->data, data, (size_t)bytes);
    }
}

/* A packet that has left the sender's link has had its turn on the medium meanwhile, and takes one on the receiver's link: not before,
 * or those of others that are ready sooner would wait for it. */
static void pass_on(const struct packet *packet)
{
    struct station *to = packet->to;
    double sent = packet->end;
    if (medium_bits_per_second > 0) {
        const double turn = later(packet->begin, medium_until);
        if (turn - packet->begin > longest_wait)
            return;
        medium_until = turn + seconds_on(medium_bits_per_second, packet);
        sent = later(sent, medium_until);
    }
    const double turn = later(sent, to->receives_until);
    struct packet *copy = turn - sent > longest_wait ? NULL : place_in(&to->coming);
    if (!copy)
        return;
    memcpy(copy, packet, sizeof *copy);
    to->receives_until = turn + seconds_on(to->bits_per_second, packet);
    copy->end = to->receives_until + packet->from->delay + to->delay;
}

/* The station of which a packet leaves next, or NULL. */
static struct station *next_to_leave(void)
{
    struct station *next = NULL;
    for (int i = 0; i < stations; i++) {
        const struct packet *packet = first_of(&station[i].leaving);
        if (packet && (!next || packet->end < first_of(&next->leaving)->end))
            next = &station[i];
    }
    return next;
}

/* Pass on what has left, hand over what has arrived; returns when there is more to do, 0 for never. */
static double deliver(void)
{
    double next = 0;
    struct station *s;
    while ((s = next_to_leave()) && first_of(&s->leaving)->end <= now() + SOON) {
        pass_on(first_of(&s->leaving));
        s->leaving.head++;
    }
    if (s)
        next = first_of(&s->leaving)->end;
    for (int i = 0; i < stations; i++) {
        const struct packet *packet;
        while ((packet = first_of(&station[i].coming)) && packet->end <= now() + SOON) {
            (void)!write(station[i].fd, packet->data, (size_t)packet->bytes);
            station[i].coming.head++;
        }
        if (packet && (next == 0 || packet->end < next))
            next = packet->end;
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
