/* How each function of the library begins and ends.
 * A handle is made of the card's index and its slice's; nobody but api.c looks into it. */
#pragma once

#include "state.h"

nvmlDevice_t handle_of(int index, int slice);

/* Refused if there is no session, or as the test asks; else the card of the handle. */
nvmlReturn_t begin(const char *function);
nvmlReturn_t begin_on(const char *function, nvmlDevice_t handle, struct card *card);
/* For what the header says nothing about on MIG handles, and what makes no sense there. */
nvmlReturn_t begin_on_whole(const char *function, nvmlDevice_t handle, struct card *card);
void session_opened(void);
void session_closed(void);

#define BEGIN() GO_ON_AFTER(begin(__func__))
#define BEGIN_ON(device, card) GO_ON_AFTER(begin_on(__func__, device, card))
#define BEGIN_ON_WHOLE(device, card) GO_ON_AFTER(begin_on_whole(__func__, device, card))
#define GO_ON_AFTER(call)                         \
    do {                                          \
        nvmlReturn_t answer = (call);             \
        if (answer != NVML_SUCCESS) return answer; \
    } while (0)

nvmlReturn_t copy(const char *value, char *out, size_t size);
nvmlReturn_t copy_of(const struct text *text, const char *key, char *out, size_t size);
/* A platform fact that a card's file may leave out: then the platform hasn't got it. */
nvmlReturn_t number_of(const struct card *card, const char *key, unsigned int *out);

struct pci {
    unsigned int domain, bus, device, function;
};
/* From any of the three forms in which NVML takes a PCI bus id; false for anything else. */
bool pci_read(const char *text, struct pci *pci);
struct pci pci_of(const struct card *card);
