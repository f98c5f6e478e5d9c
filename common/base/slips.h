// How near a mistyped word is to another one.
#ifndef RF_BASE_SLIPS_H
#define RF_BASE_SLIPS_H

#include <stddef.h>

#define RF_SLIPS_MOST 64 // letters of a word that is compared

// rf_slips: how many letters of the one are wrong, missing or too many for the other; neighbours
// that are swapped count once (optimal string alignment). RF_SLIPS_MOST if one is longer than that.
size_t rf_slips(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
