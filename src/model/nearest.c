/*
 * Edit distance between names, for the "did you mean" of error messages. Used by the field tables
 * and by the readers of the mapping file. Names longer than a hint is good for are not compared.
 */

#include "model/nearest.h"

#define NAME_BYTES 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swapped neighbours, one each; three rows of the table. */
static size_t edit_distance(struct text a, struct text b)
{
    size_t rows[3][NAME_BYTES + 1];

    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = above[j - 1] + (a.at[i - 1] != b.at[j - 1]);

            now[j] = least(least(above[j] + 1, now[j - 1] + 1), replaced);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

void nearest_start(struct nearest *nearest, struct text wanted)
{
    /* a third of the letters may be wrong, so that "a" is near to nothing */
    *nearest = (struct nearest){ .wanted = wanted, .distance = (wanted.len + 2) / 3 + 1 };
}

void nearest_offer(struct nearest *nearest, struct text candidate)
{
    struct text wanted = nearest->wanted;
    size_t longer = wanted.len > candidate.len ? wanted.len : candidate.len;
    size_t shorter = least(wanted.len, candidate.len);
    size_t distance;

    if (wanted.len < 2 || candidate.len == 0 || longer > NAME_BYTES)
        return;
    if (longer - shorter >= nearest->distance)
        return;
    distance = edit_distance(wanted, candidate);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = candidate;
    }
}
