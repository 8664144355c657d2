#ifndef SWARMWARD_TESTS_FUZZ_TARGET_H
#define SWARMWARD_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* What every fuzz target defines; the name is libFuzzer's. Returns 0, aborts when a rule is broken.
 */
// NOLINTNEXTLINE(readability-identifier-naming)
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#endif
