// Package iam holds the entities of AWS Identity and Access Management that this program serves: accounts,
// users, roles, access keys and customer-managed policies, their immutable ids and their ARNs.
//
// It owns what a valid name, path and id is. It does not own who may change an entity (control), how rows are stored
// (store), or what a policy document means (policy).
package iam
