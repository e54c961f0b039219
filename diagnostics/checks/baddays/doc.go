// Package baddays holds tests alone: what the self-tests do on a computer that is not only broken but nasty.
//
// Buses that hang or refuse, tools that are missing, system files that are half written, a name server that
// answers garbage, a server that sends a byte a second, ten thousand routes, five hundred mounts of which one
// never answers. Each day runs the real probe child in a process of its own and wants the same of it: every
// self-test reports, within the deadline, and none calls the computer broken for a probe's own trouble.
//
// Days that need namespaces run as root with BALISE_TEST_ROOT=1, as packaging/test does; BALISE_TEST_LONG=1 also
// repeats a run fifty times to see whether anything is left behind.
package baddays
