/* mednn_run.c -- the tool mednn-run: all devices of a compiled model on this machine, over TCP. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getopt_long */
#include <config.h>

#include "cluster_file.h"
#include "mednn_run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORDS = 64, MAX_JOBS = 4 };

struct run run = {.timeout = "600"};
volatile sig_atomic_t caught_signal;

int fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("mednn-run: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return status;
}

/* ---- the command line ---- */

enum {
    OPTION_WRAPPER = 256,
    OPTION_PROGRAM,
    OPTION_TIMEOUT,
    OPTION_IN_FLIGHT,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_OWNER,
    OPTION_OWNER_FLAG
};

static const struct option long_options[] = {{"input", required_argument, NULL, OPTION_OWNER},
                                             {"output-dir", required_argument, NULL, OPTION_OWNER},
                                             {"repeat", required_argument, NULL, OPTION_OWNER},
                                             {"batch", no_argument, NULL, OPTION_OWNER_FLAG},
                                             {"random", no_argument, NULL, OPTION_OWNER_FLAG},
                                             {"wrapper", required_argument, NULL, OPTION_WRAPPER},
                                             {"program", required_argument, NULL, OPTION_PROGRAM},
                                             {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                             {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
                                             {"verbose", no_argument, NULL, 'v'},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {"version", no_argument, NULL, OPTION_VERSION},
                                             {NULL, 0, NULL, 0}};

static int print_help(void)
{
    puts(
        "Usage: mednn-run DIR [OPTION]...\n"
        "Build what mednnc wrote to DIR if need be, and run all of its devices on this machine.\n"
        "\n"
        "  --input [NAME=]FILE   an input, .npy or ONNX TensorProto; in the model's order or by name\n"
        "  --random              random values for inputs that are not given\n"
        "  --batch               the first axis of the inputs counts samples: run all\n"
        "  --repeat K            run every sample K times, for timing\n"
        "  --output-dir DIR      write DIR/output_0.npy, output_1.npy, ...\n"
        "  --in-flight K         run so many inferences at the same time (default: what mednnc planned for)\n"
        "  --timeout SECONDS     longest silence of a device within an inference (default 600)\n"
        "  --program I=FILE      run device I from this file instead of DIR/deviceI\n"
        "  --wrapper I=COMMAND   run device I through a command, such as 'qemu-aarch64 -L "
        "/usr/aarch64-linux-gnu'\n"
        "  -v, --verbose         show what make and the devices say\n"
        "  --help, --version\n"
        "\n"
        "The last line on stdout gives the latency of one inference: latency_ms median=... p90=... runs=...\n"
        "Exit status: 0; 1 when a device failed, 2 for bad input or usage, with one line on stderr.");
    return fflush(stdout) ? STATUS_FAILED : 0;
}

/* "I=VALUE" */
static const char *read_device_option(const char *name, const char *text, long *device)
{
    char *end;
    errno = 0;
    *device = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '=' || errno || *device >= MEDNN_MAX_DEVICES || !end[1]) {
        fail(STATUS_USAGE, "--%s '%s': expected DEVICE=VALUE", name, text);
        return NULL;
    }
    return end + 1;
}

static int read_option(int option, const char *name)
{
    long device;
    const char *value;
    switch (option) {
    case OPTION_OWNER:
        /* A copy in one word, so that no value is ever taken for an option. */
        if (asprintf(&run.owner_option[run.owner_option_count++], "--%s=%s", name, optarg) < 0)
            return fail(STATUS_FAILED, "out of memory");
        return 0;
    case OPTION_OWNER_FLAG:
        if (asprintf(&run.owner_option[run.owner_option_count++], "--%s", name) < 0)
            return fail(STATUS_FAILED, "out of memory");
        return 0;
    case OPTION_WRAPPER:
    case OPTION_PROGRAM:
        value = read_device_option(name, optarg, &device);
        if (!value)
            return STATUS_USAGE;
        *(option == OPTION_WRAPPER ? &run.device[device].wrapper : &run.device[device].program) = value;
        return 0;
    case OPTION_IN_FLIGHT:
        run.in_flight = optarg;
        return 0;
    case OPTION_TIMEOUT:
        run.timeout = optarg;
        return 0;
    default:
        run.verbose = true;
        return 0;
    }
}

/* 0, a status, or -1 when all is said and done. */
static int read_arguments(int argc, char **argv)
{
    run.owner_option = calloc((size_t)argc, sizeof *run.owner_option);
    if (!run.owner_option)
        return fail(STATUS_FAILED, "out of memory");
    opterr = 0;
    for (int option, index = 0; (option = getopt_long(argc, argv, "v", long_options, &index)) != -1;) {
        if (option == OPTION_HELP)
            return print_help() ? STATUS_FAILED : -1;
        if (option == OPTION_VERSION)
            return puts("mednn-run (mednn) " PACKAGE_VERSION) < 0 || fflush(stdout) ? STATUS_FAILED : -1;
        if (option == '?')
            return fail(STATUS_USAGE, "'%s': unknown option, or a value is missing (see --help)",
                        argv[optind - 1]);
        int status = read_option(option, long_options[index].name);
        if (status)
            return status;
    }
    if (optind != argc - 1)
        return fail(STATUS_USAGE, "expected one folder, got %d (see --help)", argc - optind);
    run.folder = argv[optind];
    return 0;
}

/* ---- building ---- */

static void copy_to_stderr(FILE *file)
{
    char bytes[4096];
    size_t count;
    rewind(file);
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
        fwrite(bytes, 1, count, stderr);
}

/* make decides what is to be done; what it says matters only when it fails. */
static int build(void)
{
    bool needed = false;
    for (uint32_t i = 0; i < run.count; i++)
        needed |= !run.device[i].program;
    if (!needed)
        return 0;
    char jobs[16];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(jobs, sizeof jobs, "-j%d",
             processors > MAX_JOBS ? MAX_JOBS
             : processors > 1      ? (int)processors
                                   : 1);
    FILE *output = tmpfile();
    if (!output)
        return fail(STATUS_FAILED, "cannot make a temporary file: %s", strerror(errno));
    pid_t pid = fork();
    if (!pid) {
        if (!run.verbose)
            dup2(fileno(output), STDERR_FILENO);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        /* Inside of another make (a test, say) that one's variables and job slots are none of this one's
         * business. */
        if (getenv("MAKELEVEL")) {
            unsetenv("MAKEFLAGS");
            unsetenv("MFLAGS");
        }
        execlp("make", "make", jobs, "-C", run.folder, (char *)NULL);
        dprintf(STDERR_FILENO, "make: %s\n", strerror(errno));
        _exit(127);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR && !caught_signal)
        ;
    if (caught_signal && pid > 0)
        kill(pid, SIGTERM);
    else if (status)
        copy_to_stderr(output);
    fclose(output);
    return caught_signal ? STATUS_FAILED : status ? fail(STATUS_FAILED, "make -C %s failed", run.folder) : 0;
}

/* ---- addresses ---- */

static int read_device_count(void)
{
    static struct mednn_cluster cluster;
    char path[PATH_BYTES], error[PATH_BYTES + 512];
    int length = snprintf(path, sizeof path, "%s/cluster.xml", run.folder);
    if (length < 0 || (size_t)length >= sizeof path)
        return fail(STATUS_USAGE, "the name of the folder is too long");
    if (mednn_cluster_read(&cluster, path, error, sizeof error))
        return fail(STATUS_USAGE, "%s", error);
    run.count = cluster.count;
    for (uint32_t i = run.count; i < MEDNN_MAX_DEVICES; i++)
        if (run.device[i].wrapper || run.device[i].program)
            return fail(STATUS_USAGE, "there is no device %u: %s has %u", (unsigned)i, path,
                        (unsigned)run.count);
    return 0;
}

/* Ports are taken here, before any device starts, and handed over open: no other program can take them
 * between. */
static int listen_locally(struct device *device, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    device->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (device->listener < 0 || bind(device->listener, (struct sockaddr *)&address, size) ||
        listen(device->listener, MEDNN_MAX_DEVICES) ||
        getsockname(device->listener, (struct sockaddr *)&address, &size))
        return fail(STATUS_FAILED, "cannot listen on 127.0.0.1: %s", strerror(errno));
    *port = ntohs(address.sin_port);
    return 0;
}

static int write_cluster(void)
{
    const char *folder = getenv("TMPDIR");
    int length = snprintf(run.cluster_path, sizeof run.cluster_path, "%s/mednn-run-XXXXXX",
                          folder && *folder ? folder : "/tmp");
    int fd =
        length > 0 && (size_t)length < sizeof run.cluster_path ? mkostemp(run.cluster_path, O_CLOEXEC) : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!file) {
        int trouble = errno;
        if (fd < 0)
            *run.cluster_path = 0;
        return fail(STATUS_FAILED, "cannot make a temporary file: %s", strerror(trouble));
    }
    fputs("<cluster>\n", file);
    for (uint32_t i = 0; i < run.count; i++) {
        uint16_t port = 0;
        if (listen_locally(&run.device[i], &port)) {
            fclose(file);
            return STATUS_FAILED;
        }
        fprintf(file, "  <device id=\"%u\" address=\"127.0.0.1\" port=\"%u\"/>\n", (unsigned)i,
                (unsigned)port);
    }
    fputs("</cluster>\n", file);
    return fclose(file) ? fail(STATUS_FAILED, "%s: %s", run.cluster_path, strerror(errno)) : 0;
}

/* ---- starting ---- */

/* Split at spaces; returns the number of words. */
static int split_words(char *text, char **word, int most)
{
    int count = 0;
    for (char *p = strtok(text, " \t"); p && count < most; p = strtok(NULL, " \t"))
        word[count++] = p;
    return count;
}

static noreturn void become_device(uint32_t i)
{
    struct device *device = &run.device[i];
    char path[PATH_BYTES], fd[16], *wrapper = device->wrapper ? strdup(device->wrapper) : NULL;
    char **word = calloc((size_t)(MAX_WORDS + run.owner_option_count + 16), sizeof *word);
    if (!word || (device->wrapper && !wrapper))
        _exit(127);
    snprintf(path, sizeof path, "%s/device%u", run.folder, (unsigned)i);
    snprintf(fd, sizeof fd, "%d", device->listener);
    int count = wrapper ? split_words(wrapper, word, MAX_WORDS) : 0;
    word[count++] = device->program ? (char *)device->program : path;
    const char *fixed[] = {"--cluster", run.cluster_path, "--listen-fd", fd};
    for (size_t j = 0; j < sizeof fixed / sizeof *fixed; j++)
        word[count++] = (char *)fixed[j];
    word[count++] = "--timeout";
    word[count++] = (char *)run.timeout;
    if (run.in_flight) {
        word[count++] = "--in-flight";
        word[count++] = (char *)run.in_flight;
    }
    for (int j = 0; !i && j < run.owner_option_count; j++)
        word[count++] = run.owner_option[j];
    fcntl(device->listener, F_SETFD, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    execvp(word[0], word);
    fprintf(stderr, "device%u: cannot run %s: %s\n", (unsigned)i, word[0], strerror(errno));
    fflush(stderr);
    _exit(127);
}

/* A device does not outlive this program, however that ends. */
static void end_with_parent(pid_t parent)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent)
        _exit(127);
}

/* Devices print profiles at their ends: all of each is shown, one after the other. */
static bool profile_wanted(void)
{
    const char *wish = getenv("MEDNN_PROFILE");
    return wish && *wish && strcmp(wish, "0") && !run.verbose;
}

static void show_profiles(void)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (run.device[i].said) {
            copy_to_stderr(run.device[i].said);
            fclose(run.device[i].said);
        }
}

static int start_device(uint32_t i)
{
    struct device *device = &run.device[i];
    int pipe_fd[2];
    if (pipe2(pipe_fd, O_CLOEXEC))
        return fail(STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    if (profile_wanted() && !(device->said = tmpfile()))
        return fail(STATUS_FAILED, "cannot make a temporary file: %s", strerror(errno));
    pid_t parent = getpid();
    device->pid = fork();
    if (!device->pid) {
        end_with_parent(parent);
        dup2(pipe_fd[1], STDERR_FILENO);
        if (i)
            dup2(STDERR_FILENO, STDOUT_FILENO);
        become_device(i);
    }
    close(pipe_fd[1]);
    close(device->listener);
    device->messages = pipe_fd[0];
    device->listener = -1;
    if (device->pid > 0)
        return 0;
    device->pid = 0;
    return fail(STATUS_FAILED, "cannot start device %u: %s", (unsigned)i, strerror(errno));
}

/* ---- the whole ---- */

static void catch_signal(int number)
{
    caught_signal = number;
}

static int run_all(void)
{
    int status = read_device_count();
    if (!status)
        status = build();
    if (!status)
        status = write_cluster();
    for (uint32_t i = run.count; !status && i-- > 0;)
        status = start_device(i);
    if (!status)
        watch_devices();
    reap_devices();
    kill_devices();
    if (*run.cluster_path)
        unlink(run.cluster_path);
    show_profiles();
    return status || caught_signal ? status : report_failure();
}

int main(int argc, char **argv)
{
    for (uint32_t i = 0; i < MEDNN_MAX_DEVICES; i++)
        run.device[i].listener = run.device[i].messages = -1;
    int status = read_arguments(argc, argv);
    if (!status) {
        struct sigaction action = {.sa_handler = catch_signal};
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
        status = run_all();
    }
    for (int i = 0; i < run.owner_option_count; i++)
        free(run.owner_option[i]);
    free(run.owner_option);
    if (caught_signal) {
        /* End as the signal would have ended it, for the shell's sake. */
        signal(caught_signal, SIG_DFL);
        raise(caught_signal);
    }
    return status < 0 ? 0 : status;
}
