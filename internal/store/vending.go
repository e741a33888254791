package store

import (
	"encoding/json"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// Vending says that the credentials for a location are sessions of its store's own STS, and what is known of the store.
type Vending struct {
	Asked   time.Time // when an administrator asked for it
	Since   time.Time // since when it is in effect; zero: the probe has still to pass, and credentials are sealed
	Proven  time.Time // when the probe last passed; zero: never
	Of      string    // what was probed, as the server's configuration says it; another configuration is not proven
	Escapes bool      // the store was seen to read the escapes of its dialect

	// Stopped is why the location vends nothing any more: the probe failed. It stays so until an administrator asks for
	// the mode again. Empty: it does vend.
	Stopped   string    `json:",omitempty"`
	StoppedAt time.Time `json:",omitzero"`
}

// KindLocationProbe is the kind of the row of a location's probe.
const KindLocationProbe Kind = "location-probe"

// LocationProbe is the last probe of a location's store.
type LocationProbe struct {
	Location string // LocationID of account, region and location id
	Account  access.AccountID
	Ran      time.Time       // when it began
	Of       string          // what was probed, as the server's configuration said it
	Report   json.RawMessage // package probe's

	// Expiry is the sealed session that has still to expire, and Due when it can be tried. Empty: none has.
	Expiry []byte    `json:",omitempty"`
	Due    time.Time `json:",omitzero"`
}

// LocationProbes: id is the location's. The engine's snapshot does not hold them: nothing is decided by them.
var LocationProbes = Table[LocationProbe]{
	Kind: KindLocationProbe, Entity: fault.Location,
	Key: func(p *LocationProbe) Key { return Key{ID: p.Location, Parent: p.Location} },
}
