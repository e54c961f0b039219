package pack

import "testing"

func TestAdminOnly(t *testing.T) {
	const (
		system = "S-1-5-18"
		group  = "S-1-5-32-544"
		users  = "S-1-5-32-545"
		me     = "S-1-5-21-1-2-3-1001"
	)
	full := func(sid string) grant { return grant{sid: sid, mask: 0x1f01ff, allows: true} }
	reads := grant{sid: users, mask: 0x1200a9, allows: true}
	makes := grant{sid: users, mask: 0x4, allows: true}
	tests := []struct {
		name   string
		owner  string
		list   []grant
		none   bool
		above  bool
		accept bool
	}{
		{name: "as installed", owner: system, list: []grant{full(system), full(group), reads}, accept: true},
		{name: "owned by a user", owner: me, list: []grant{full(system), reads}},
		{name: "a user may write", owner: group, list: []grant{full(group), {sid: me, mask: 0x2, allows: true}}},
		{name: "users may make files", owner: group, list: []grant{full(group), makes}},
		{name: "users may make files above", owner: system, list: []grant{full(system), makes}, above: true, accept: true},
		{name: "users may delete above", owner: system, list: []grant{{sid: users, mask: 0x40, allows: true}}, above: true},
		{name: "all rights by one bit", owner: system, list: []grant{{sid: users, mask: 0x10000000, allows: true}}, above: true},
		{name: "only for what is made below", owner: system, list: []grant{{sid: me, mask: 0x1f01ff, allows: true, below: true}}, accept: true},
		{name: "denied", owner: system, list: []grant{{sid: me, mask: 0x1f01ff, denies: true}}, accept: true},
		{name: "an entry of another kind", owner: system, list: []grant{{sid: me, mask: 0}}},
		{name: "no list", owner: system, none: true},
	}
	for _, tt := range tests {
		if have := adminOnly(tt.owner, tt.list, !tt.none, tt.above); have != tt.accept {
			t.Errorf("%s: %v", tt.name, have)
		}
	}
}
