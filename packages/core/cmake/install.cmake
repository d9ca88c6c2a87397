# Libraries, headers, conveyor.pc, and find_package(conveyor) with the targets conveyor::shared and conveyor::static.
include(CMakePackageConfigHelpers)

install(TARGETS conveyor_shared conveyor_static EXPORT conveyor-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/conveyor DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/conveyor)
install(EXPORT conveyor-targets NAMESPACE conveyor:: DESTINATION ${package_dir})
configure_package_config_file(cmake/conveyor-config.cmake.in conveyor-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(conveyor-config-version.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH pc_to_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)  # so that the tree can be moved
configure_file(cmake/conveyor.pc.in conveyor.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/conveyor-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/conveyor-config-version.cmake
  DESTINATION ${package_dir})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/conveyor.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
