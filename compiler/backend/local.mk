compiler_libmednnc_a_SOURCES +=
