//! Hive, Impala and Spark, by a small client of the HiveServer2 protocol.
