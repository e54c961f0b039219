package printing

import (
	"context"
	"testing"

	"balise/diagnostics/checks/catalogue"
)

// On any machine, with or without printers, each test must come to a view.
func TestThisMachine(t *testing.T) {
	for _, c := range Checks(catalogue.Catalogue{}) {
		ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
		o := c.Run(ctx, 0)
		cancel()
		t.Logf("%s: %+v", c.ID, o)
		if o.Status == "" || o.Status.Bad() != (o.Cause != "") {
			t.Errorf("%s: %q with cause %q (%s)", c.ID, o.Status, o.Cause, o.Detail)
		}
	}
}
