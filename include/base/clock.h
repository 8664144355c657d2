#ifndef SWARMWARD_BASE_CLOCK_H
#define SWARMWARD_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
int64_t clock_wall_s(void);
int64_t clock_wall_ms(void);

#endif
