#include "checksum.h"

#include <string.h>

/* The polynomial, its bits reversed. */
#define POLYNOMIAL 0x82F63B78u

typedef uint32_t checksum(uint32_t, const unsigned char *, size_t);

/* tables[n][b]: what byte b becomes with n more bytes behind it. */
static uint32_t tables[8][256];
static checksum *fastest;

static uint32_t by_table(uint32_t crc, const unsigned char *next, size_t length) {
  for (; length >= 8; next += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    word ^= crc;
    crc = 0;
    for (int byte = 0; byte < 8; byte++) crc ^= tables[7 - byte][word >> 8 * byte & 255];
  }
  for (; length > 0; next++, length--) crc = crc >> 8 ^ tables[0][(crc ^ *next) & 255];
  return crc;
}

#if defined(__x86_64__)
#include <cpuid.h>

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc,
                                                                  const unsigned char *next,
                                                                  size_t length) {
  uint64_t wide = crc;
  for (; length >= 8; next += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = (uint32_t)wide;
  for (; length > 0; next++, length--) crc = __builtin_ia32_crc32qi(crc, *next);
  return crc;
}

static checksum *best(void) {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) ? by_instruction : by_table;
}
#else
static checksum *best(void) { return by_table; }
#endif

__attribute__((constructor)) static void prepare(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    tables[0][byte] = crc;
  }
  for (int more = 1; more < 8; more++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t crc = tables[more - 1][byte];
      tables[more][byte] = crc >> 8 ^ tables[0][crc & 255];
    }
  fastest = best();
}

uint32_t outcry_crc32c(uint32_t before, const void *bytes, size_t length) {
  return ~fastest(~before, bytes, length);
}

uint32_t outcry_crc32c_portable(uint32_t before, const void *bytes, size_t length) {
  return ~by_table(~before, bytes, length);
}
