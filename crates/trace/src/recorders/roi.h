/*
 * mesim: the part of a program that is of interest. With `mesim record --via cc --roi`, only what
 * happens between the two is recorded, of all threads.
 *
 * These do nothing; the recorder, where it is linked, has its own, which take their place.
 */
#ifndef MESIM_ROI_H
#define MESIM_ROI_H
#ifdef __cplusplus
extern "C" {
#endif
__attribute__((weak, noinline)) void mesim_roi_begin(void) { __asm__ volatile(""); }
__attribute__((weak, noinline)) void mesim_roi_end(void) { __asm__ volatile(""); }
#ifdef __cplusplus
}
#endif
#endif
