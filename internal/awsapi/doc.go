// Package awsapi is the parent of the generated packages: one per AWS service that we serve, each with plain
// types and one typed value per operation. They own no behaviour; package awswire reads their tags.
package awsapi

//go:generate go run ../../tools/awsgen generate -models ../../models -out .
