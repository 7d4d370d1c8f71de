/** What only the page of a class reads, where the data of a student is deleted. */
import './jitless'

export * from '../../protocol/api/student-data'
