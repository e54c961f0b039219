package system

import (
	"context"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
)

// On any machine on which the tests run each test must come to a view, quickly and without a cause that it
// does not know.
func TestThisMachine(t *testing.T) {
	for _, c := range Checks(catalogue.Catalogue{}, Params{}) {
		ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
		o := c.Run(ctx, 0)
		cancel()
		t.Logf("%s: %+v", c.ID, o)
		if o.Status == diagnostics.Unknown || o.Status == "" {
			t.Errorf("%s: %q (%s)", c.ID, o.Status, o.Detail)
		}
		if o.Status.Bad() != (o.Cause != "") {
			t.Errorf("%s: %s with cause %q", c.ID, o.Status, o.Cause)
		}
	}
}
