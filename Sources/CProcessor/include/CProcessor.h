// What a processor can do by itself and Swift has no name for: its own instructions for CRC-32C and SHA-256.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether the processor has them. The functions below may be called only where it does.
bool processor_has_crc32c(void);
/// The state of a checksum (all bits turned, as they are between the steps) after 8 more bytes, the lowest of `word`
/// first.
uint32_t processor_crc32c(uint32_t state, uint64_t word);
/// After 32 more.
uint32_t processor_crc32c_four(uint32_t state, uint64_t first, uint64_t second, uint64_t third, uint64_t fourth);
/// After the `count` (0 to 7) lowest bytes of `word`.
uint32_t processor_crc32c_last(uint32_t state, uint64_t word, int count);

/// The state of a SHA-256 (FIPS 180-4) between two blocks.
struct processor_sha256 {
    uint32_t words[8];
};
/// The 64 bytes of a block, the first of eight in the lowest bits of a word.
struct processor_block {
    uint64_t words[8];
};
struct processor_four_blocks {
    struct processor_block first, second, third, fourth;
};
/// Whether the processor has instructions for SHA-256. The functions that use them may be called only where it does.
bool processor_has_sha256(void);
/// The state after one block more. Both say the same.
struct processor_sha256 processor_sha256_by_instructions(struct processor_sha256 state, struct processor_block block);
struct processor_sha256 processor_sha256_portable(struct processor_sha256 state, struct processor_block block);
/// The state after four blocks more, in two thirds of the time: it stays in the processor's registers.
struct processor_sha256 processor_sha256_four_by_instructions(
    struct processor_sha256 state, struct processor_four_blocks blocks);
