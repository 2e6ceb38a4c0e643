/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor (QMP) of the emulator that this machine is made by. */
#ifndef VMCB12_MONITOR_H
#define VMCB12_MONITOR_H

/* It is behind a PC's third serial port; ends the program if it is not. */
void monitor_open(void);

/* Have it carry out a command as people type it; returns when that is done. */
void monitor_do(const char *command);

#endif /* VMCB12_MONITOR_H */
