package upstream

import "time"

// EndpointHealth is what the last calls found out about one address of a store.
type EndpointHealth struct {
	URL       string
	Away      bool          // it is left alone
	Again     time.Duration // until it is tried again
	Failures  int           // in a row
	Since     time.Time     // of the first failure in a row; zero: there is none
	LastError string        // empty: there is none
}
