#ifndef OUTCRY_ALLOCATIONS_H
#define OUTCRY_ALLOCATIONS_H

#include <stdint.h>

/* How often the calling thread has asked for memory since it began. A program that calls this
 * has its malloc replaced by one that counts and passes on to glibc's. */
uint64_t outcry_allocations(void);

#endif
