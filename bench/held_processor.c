/* held_processor.c -- a smaller processor, by cpuid instructions that fault and are answered by a signal handler. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "held_processor.h"

#include <signal.h>
#include <stddef.h>

#if defined(__linux__) && defined(__x86_64__)

#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { EXTENDED_FEATURES = 7, INSTRUCTION_BYTES = 2 };

/* Bits of the leaf of extended features, per subleaf (Intel, Software Developer's Manual 2A, CPUID). */
static const struct beyond_v3 {
    unsigned eax, ebx, ecx, edx;
} beyond_v3[] = {
    {.ebx = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31, /* AVX512 F DQ IFMA PF ER CD BW VL */
     .ecx = 1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14,                                    /* VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
     .edx = 1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25}, /* 4VNNIW 4FMAPS VP2INTERSECT AMX-BF16 FP16 AMX */
    {.eax = 1u << 4 | 1u << 5 | 1u << 21 | 1u << 23,                                  /* AVX-VNNI AVX512-BF16 AMX-FP16 AVX-IFMA */
     .edx = 1u << 4 | 1u << 5 | 1u << 8 | 1u << 10 | 1u << 19}, /* AVX-VNNI-INT8 AVX-NE-CONVERT AMX-COMPLEX AVX-VNNI-INT16 AVX10 */
};

static volatile sig_atomic_t changed;

static long cpuid_enable(unsigned long enable)
{
    return syscall(SYS_arch_prctl, ARCH_SET_CPUID, enable);
}

static void answer(int signal_number, siginfo_t *information, void *context)
{
    static const unsigned char cpuid[INSTRUCTION_BYTES] = {0x0f, 0xa2};
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)information;
    if (memcmp((const void *)registers[REG_RIP], cpuid, INSTRUCTION_BYTES)) {
        signal(signal_number, SIG_DFL); /* a real fault: happens again, and ends the program */
        return;
    }
    const int error = errno;
    const unsigned leaf = (unsigned)registers[REG_RAX], subleaf = (unsigned)registers[REG_RCX];
    struct beyond_v3 is = {0};
    cpuid_enable(1);
    __cpuid_count(leaf, subleaf, is.eax, is.ebx, is.ecx, is.edx);
    cpuid_enable(0);
    if (leaf == EXTENDED_FEATURES && subleaf < sizeof beyond_v3 / sizeof *beyond_v3) {
        const struct beyond_v3 *beyond = &beyond_v3[subleaf];
        if ((is.eax & beyond->eax) | (is.ebx & beyond->ebx) | (is.ecx & beyond->ecx) | (is.edx & beyond->edx))
            changed++;
        is = (struct beyond_v3){is.eax & ~beyond->eax, is.ebx & ~beyond->ebx, is.ecx & ~beyond->ecx, is.edx & ~beyond->edx};
    }
    registers[REG_RAX] = is.eax;
    registers[REG_RBX] = is.ebx;
    registers[REG_RCX] = is.ecx;
    registers[REG_RDX] = is.edx;
    registers[REG_RIP] += INSTRUCTION_BYTES;
    errno = error;
}

const char *processor_hold_to_v3(void)
{
    const struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO};
    if (sigaction(SIGSEGV, &action, NULL))
        return strerror(errno);
    return cpuid_enable(0) ? "cpuid cannot be made to fault here (no cpuid_fault in /proc/cpuinfo)" : NULL;
}

#else

static const int changed;

const char *processor_hold_to_v3(void)
{
    return "only on x86-64 under Linux";
}

#endif

int processor_answers_changed(void)
{
    return changed;
}
