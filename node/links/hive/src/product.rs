//! What kind of server speaks.

/// Those that speak the protocol; they differ in their SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Hive,
    Spark,
    Impala,
}

impl Product {
    /// By what the server calls itself.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        if name.contains("spark") {
            Self::Spark
        } else if name.contains("impala") {
            Self::Impala
        } else {
            Self::Hive
        }
    }

    /// Of a server that does not say, by what its link says.
    pub(crate) fn unknown(impala: bool) -> Self {
        if impala { Self::Impala } else { Self::Hive }
    }

    /// Decimals of the second that a time has at most.
    pub(crate) fn decimals(self) -> u8 {
        match self {
            Self::Spark => 6,
            Self::Hive | Self::Impala => 9,
        }
    }

    /// Whether log lines are fetched like rows. Impala knows another call, and might take it for one of the rows.
    pub(crate) fn fetches_log(self) -> bool {
        self != Self::Impala
    }
}
