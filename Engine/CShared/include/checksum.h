/* CRC-32C (Castagnoli), which finds every damage of up to 32 bits in a row. */
#ifndef OUTCRY_CHECKSUM_H
#define OUTCRY_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from the checksum of what came before; 0 at the start. */
uint32_t outcry_crc32c(uint32_t before, const void *bytes, size_t length);

/* The same without the processor's own instruction. */
uint32_t outcry_crc32c_portable(uint32_t before, const void *bytes, size_t length);

#endif
