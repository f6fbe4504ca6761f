#include "CProcessor.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#define WITH_CRC32C __attribute__((target("sse4.2")))
#define STEP_8(state, word) ((uint32_t)_mm_crc32_u64(state, word))
#define STEP_4(state, word) _mm_crc32_u32(state, (uint32_t)(word))
#define STEP_2(state, word) _mm_crc32_u16(state, (uint16_t)(word))
#define STEP_1(state, word) _mm_crc32_u8(state, (uint8_t)(word))

bool processor_has_crc32c(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__)
#include <sys/auxv.h>
#define WITH_CRC32C __attribute__((target("arch=armv8-a+crc")))
#define STEP_8(state, word) __builtin_arm_crc32cd(state, word)
#define STEP_4(state, word) __builtin_arm_crc32cw(state, (uint32_t)(word))
#define STEP_2(state, word) __builtin_arm_crc32ch(state, (uint16_t)(word))
#define STEP_1(state, word) __builtin_arm_crc32cb(state, (uint8_t)(word))

bool processor_has_crc32c(void) { return getauxval(AT_HWCAP) & 1 << 7; } // HWCAP_CRC32

#else
#define WITH_CRC32C
#define STEP_8(state, word) (__builtin_trap(), (state))
#define STEP_4(state, word) (__builtin_trap(), (state))
#define STEP_2(state, word) (__builtin_trap(), (state))
#define STEP_1(state, word) (__builtin_trap(), (state))

bool processor_has_crc32c(void) { return false; }
#endif

WITH_CRC32C uint32_t processor_crc32c(uint32_t state, uint64_t word) { return STEP_8(state, word); }

WITH_CRC32C uint32_t processor_crc32c_four(
    uint32_t state, uint64_t first, uint64_t second, uint64_t third, uint64_t fourth) {
    state = STEP_8(state, first);
    state = STEP_8(state, second);
    state = STEP_8(state, third);
    return STEP_8(state, fourth);
}

WITH_CRC32C uint32_t processor_crc32c_last(uint32_t state, uint64_t word, int count) {
    if (count & 4) {
        state = STEP_4(state, word);
        word >>= 32;
    }
    if (count & 2) {
        state = STEP_2(state, word);
        word >>= 16;
    }
    return count & 1 ? STEP_1(state, word) : state;
}
