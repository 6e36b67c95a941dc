// How long a core stands still for everybody: a program that wakes every half a millisecond, at a higher real-time
// priority than anything else here, and is late only where the kernel or the machine below it takes the core away.
//
//     witness CORE [PRIORITY]       until SIGTERM or SIGINT; then one line of JSON, times in nanoseconds
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVERY_NS = 500000, STILL_NS = 500000 };

static volatile sig_atomic_t over;

static void end(int signal_number) {
    (void)signal_number;
    over = 1;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int fail(const char *what) {
    perror(what);
    return 1;
}

int main(int count, char **words) {
    if (count < 2) {
        fprintf(stderr, "usage: witness CORE [PRIORITY]\n");
        return 2;
    }
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)atoi(words[1]), &cores);
    if (sched_setaffinity(0, sizeof cores, &cores)) return fail("affinity");
    struct sched_param priority = {.sched_priority = count > 2 ? atoi(words[2]) : 20};
    if (sched_setscheduler(0, SCHED_FIFO, &priority)) return fail("priority");
    // Without SA_RESTART, so that the sleep ends at once.
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    printf("ready\n");
    fflush(stdout);
    int64_t begun = now(), due = begun, looks = 0, still = 0, longest = 0;
    while (!over) {
        due += EVERY_NS;
        struct timespec until = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)) continue;
        int64_t late = now() - due;
        looks++;
        if (late > STILL_NS) still += late;
        if (late > longest) longest = late;
        while (due + EVERY_NS < now()) due += EVERY_NS;  // one standstill is told once
    }
    printf("{\"looks\": %lld, \"still_ns\": %lld, \"longest_ns\": %lld, \"watched_ns\": %lld}\n", (long long)looks,
           (long long)still, (long long)longest, (long long)(now() - begun));
    return 0;
}
