// Package symptom finds, in what a person writes, which of the packs' symptoms it speaks of.
//
// There is no network and no model in it: it compares words. Text is cut into words without accents, capitals and
// elisions (words.go); words become meanings through their stem, through expressions that mean the same in French and
// English (words/*.yaml) and, where neither knows them, through how they sound and how they are mistyped (typo.go).
// What is compared then are meanings, meanings beside each other, and meanings that are denied ("marche pas"): rare
// ones weigh more, by how many of the symptoms use them, and a whole phrase weighs more than its words (match.go).
//
// The stemmer is our own. Snowball's French stemmer decides by accents, which people do not type, and each of its
// stemmers must be told the language, which people mix within one sentence.
//
// The same text and packs always give the same answer, each with the words that led to it. Nothing found is an
// answer too: it is better than a wrong page.
package symptom
