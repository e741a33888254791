// Package decision measures the index of grants: how long a decision takes, how much memory a grant
// takes, how long building, updating and compacting take, from a thousand to ten million grants.
//
// It owns the made-up population and the benchmarks, and holds no product code. Run
//
//	go test -bench . -benchtime 200000x -timeout 60m ./bench/decision
//
// With -short the ten million are left out.
package decision
