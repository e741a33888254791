package attack

import (
	"net/http/httptest"
	"slices"
	"testing"
)

// attacked runs groups against a gateway with a defect.
func attacked(t *testing.T, defect string, numbers ...int) *Report {
	t.Helper()
	g := &wrongGateway{buckets: map[string]map[string]stored{"lake": {}}, uploads: map[string]string{},
		defects: map[string]bool{defect: true}}
	s := httptest.NewServer(g)
	defer s.Close()
	r, err := Run(t.Context(), Config{Endpoint: s.URL, Region: "us-east-1", Owner: ownerKey, Other: otherKey,
		Bucket: "lake", Prefix: limit}, numbers...)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Left) > 0 || len(g.buckets["lake"]) > 0 && !slices.Contains([]string{"forms"}, defect) {
		t.Errorf("%s: left behind: %v %v", defect, r.Left, g.buckets["lake"])
	}
	return r
}

// TestEachGroupNoticesADefect takes one check after the other out of a gateway.
func TestEachGroupNoticesADefect(t *testing.T) {
	noticed := map[int]bool{}
	for defect, numbers := range map[string][]int{
		"encoded slashes":    {1},
		"dots":               {2},
		"copy sources":       {3},
		"trimmed keys":       {4},
		"no boundary":        {5},
		"listings":           {7},
		"forwarded names":    {9},
		"forms":              {10},
		"payload modes":      {11},
		"added headers":      {12},
		"trust headers":      {13},
		"no clock":           {14},
		"no signature check": {15},
		"any service":        {17},
		"known keys":         {23},
		"derived secrets":    {24},
		"secrets in errors":  {25},
		"unread sources":     {27},
		"foreign uploads":    {28},
		"batches":            {29},
		"versions":           {30},
		"conditions":         {30},
		"sub-resources":      {31},
		"pprof":              {37},
		"cors":               {37},
		"node routes":        {38},
		"lenient XML":        {39},
		"costly":             {40},
		"waits for bodies":   {43},
		"long texts":         {44},
		"any region":         {48},
		"created again":      {50},
		"framings":           {18, 55},
		"dropped headers":    {18},
	} {
		t.Run(defect, func(t *testing.T) {
			for _, f := range attacked(t, defect, numbers...).Findings {
				if f.Verdict != Broken {
					t.Errorf("group %d, %s: %s %v", f.Number, f.Title, f.Verdict, f.Why)
				}
				noticed[f.Number] = noticed[f.Number] || f.Verdict == Broken
			}
		})
	}
	// These need a session service or bucket policies, which the wrong gateway does not have.
	elsewhere := []int{6, 8, 16, 19, 21, 22, 32, 33, 35, 36, 46, 47, 51, 56}
	for _, g := range Groups() {
		if g.Tried() && !noticed[g.Number] && !slices.Contains(elsewhere, g.Number) {
			t.Errorf("no defect shows that group %d, %s, can fail", g.Number, g.Title)
		}
	}
}

// TestAGatewayWithoutDefectsHolds is the honest run beside the defects.
func TestAGatewayWithoutDefectsHolds(t *testing.T) {
	for _, f := range attacked(t, "none").Findings {
		if f.Verdict == Broken {
			t.Errorf("group %d, %s: %v", f.Number, f.Title, f.Why)
		}
	}
}

func TestAGroupWithoutItsMeansIsNotHeld(t *testing.T) {
	g := &wrongGateway{buckets: map[string]map[string]stored{}, uploads: map[string]string{}, defects: map[string]bool{}}
	s := httptest.NewServer(g)
	defer s.Close()
	r, err := Run(t.Context(), Config{Endpoint: s.URL, Region: "us-east-1", Owner: ownerKey, Other: otherKey}, 1, 6, 27,
		32)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Verdict != NeedsMore || len(f.Why) == 0 {
			t.Errorf("group %d: %s %v", f.Number, f.Verdict, f.Why)
		}
	}
	if len(g.buckets) > 0 || len(r.Left) > 0 {
		t.Errorf("left behind: %v", g.buckets)
	}
	if _, err := Run(t.Context(), Config{Endpoint: "ftp://x", Owner: ownerKey, Other: otherKey}); err == nil {
		t.Error("an endpoint that is none was attacked")
	}
}
