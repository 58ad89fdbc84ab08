/* held_processor.h -- libraries that ask the processor what it can are told less than the truth. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_HELD_PROCESSOR_H
#define MEDNN_HELD_PROCESSOR_H

/* From now on, cpuid answers in this thread and in those that it starts that the processor has nothing beyond x86-64-v3 (AVX2 and FMA):
 * no AVX-512, no AVX-VNNI, no AMX. To be called before the library in question is loaded. On Linux, where the processor (and what
 * virtualises it) can make cpuid fault: Intel's since 2012, AMD's since 2024. Takes SIGSEGV. NULL, or why it cannot be done. */
const char *processor_hold_to_v3(void);

/* How many answers were changed since. */
int processor_answers_changed(void);

#endif
