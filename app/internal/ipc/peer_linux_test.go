package ipc

import "testing"

func TestOnlyOurOwnUser(t *testing.T) {
	if err := allowed(1000, 1000); err != nil {
		t.Error(err)
	}
	for _, peer := range []int{0, 1001} {
		if allowed(peer, 1000) == nil {
			t.Errorf("user %d got in", peer)
		}
	}
}
