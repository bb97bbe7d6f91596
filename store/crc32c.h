/* CRC-32C (Castagnoli), the checksum of iSCSI (RFC 3720, appendix B.4).
 *
 * It finds damage: every burst of up to 32 bits, and any other change with a
 * chance of one in 2^32 to be missed.  It protects against accidents, not
 * against people: those the hash chain of the journal finds. */
#ifndef MADOGUCHI_STORE_CRC32C_H
#define MADOGUCHI_STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of len bytes that follow bytes whose checksum is `crc` (0 at the
 * beginning).  Uses the processor's instruction where there is one. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/* The same by table on any processor. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len);

#endif
