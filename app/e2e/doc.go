// Package e2e holds the tests that use the real programs in a real desktop session, from the click on the tray
// icon to the technician's answer. They run in packaging/desktop/session.sh with BALISE_TEST_DESKTOP=1; the
// programs are named by BALISE_BIN and BALISE_WINDOW_BIN, and pictures are left in BALISE_E2E_PICTURES.
package e2e
