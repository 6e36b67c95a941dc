/* What a worker of the server counts. The workers share a file of these, mapped into memory, one after the other:
   who reads it disturbs nobody. All are little-endian numbers of 64 bits; bench/performance/counters.py reads them. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

typedef struct {
    uint64_t accepted; /* connections */
    uint64_t upgraded; /* … that became WebSockets */
    uint64_t closed;   /* WebSockets that ended, in whatever way */
    uint64_t received; /* messages */
    uint64_t sent;     /* messages */
    uint64_t refused;  /* connections and messages that were not understood */
    uint64_t spare[2]; /* a worker's counters fill a cache line of their own */
} Counters;

#endif
